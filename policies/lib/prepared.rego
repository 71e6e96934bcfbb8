# METADATA
# title: Prepared
# description: >-
#   What many items share and would each compute again. main.rego evaluates this once for each
#   environment and each family of a batch, and gives the items the result as `input.prepared`. Only
#   this folder reads it: the packages that own a value compute it themselves where it is not prepared.
package lockstep.lib.prepared

import data.lockstep.lib.moves
import data.lockstep.lib.regions
import data.lockstep.lib.tenants

# METADATA
# title: For an environment
# description: The input is the environment's document; a value that cannot be computed is left out.
environment["tenants"] := tenants.names

environment["jurisdictions"] := regions.by_name

# METADATA
# title: For a family
# description: The input is what the items of the family share.
family["weights_before"] := moves.weights_before
