# Proposes a version: sh -eu propose.sh ENVIRONMENT FAMILY VERSION REASON OUTPUT. OUTPUT is the file that gets the JSON
# of the proposal. pipeline.py puts this text into the component; the arguments are no part of it.
#
# Files in $CREDENTIALS are credentials, each with the name of its environment variable. Kubeflow would try again after
# every failure, and only exit code 1 is one that passes: so this waits and tries again by itself, as $WAITS says.
environment=$1 family=$2 version=$3 reason=$4 output=$5

for file in "$CREDENTIALS"/*; do
  [ ! -f "$file" ] || export "${file##*/}=$(cat "$file")"
done

# git asks this for the address of the fleet alone; nothing is stored.
export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="credential.$REPOSITORY.helper"
export GIT_CONFIG_VALUE_0='!f() { test "$1" = get && echo username=x-access-token &&
  echo "password=${LOCKSTEP_FORGE_TOKEN:-}"; }; f'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch"

# One try in a new clone. Its exit code is that of lockstep; 1 where the fleet cannot be cloned.
propose() {
  rm -rf "$scratch/fleet"
  git clone --quiet -- "$REPOSITORY" "$scratch/fleet" || return 1
  (cd "$scratch/fleet" &&
    exec lockstep propose --environment="$environment" --reason="$reason" --format=json -- "$family" "$version") \
    > "$scratch/proposal.json"
}

for wait in $WAITS end; do
  code=0
  propose || code=$?
  if [ "$code" -ne 1 ] || [ "$wait" = end ]; then
    break
  fi
  printf 'lockstep could not run; again in %s seconds\n' "$wait" >&2
  sleep "$wait"
done
[ ! -f "$scratch/proposal.json" ] || cat "$scratch/proposal.json"

# The registry contradicts what was recorded of it, so the owner of the model has to look.
if [ "$code" -eq 13 ]; then
  python3 - "$environment/$family" <<'END' || true
import json, os, sys, urllib.request

text = f"The registry contradicts what was recorded of {sys.argv[1]}. The log of the run says what differs."
print(text, file=sys.stderr)
try:
    # The address may be a secret, so no message may have it.
    request = urllib.request.Request(os.environ["NOTIFY_URL"], json.dumps({"text": text}).encode())
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=30).close()
except KeyError:
    print("nobody is notified: the Secret has no NOTIFY_URL", file=sys.stderr)
except (OSError, ValueError):
    print("nobody is notified: the webhook does not take it", file=sys.stderr)
END
fi
if [ "$code" -eq 0 ]; then
  mkdir -p "$(dirname "$output")"
  cp "$scratch/proposal.json" "$output"
fi
exit "$code"
