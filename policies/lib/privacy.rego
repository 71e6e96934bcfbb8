# METADATA
# title: Privacy
# description: What the requests of the cluster at hand hold about people, by spec.privacy.data.
package lockstep.lib.privacy

# METADATA
# title: Is about people
# description: >-
#   Whether the requests hold personal data in the sense of the law; what is pseudonymous is personal
#   data still (Recital 26 GDPR).
is_about_people if input.new.spec.privacy.data in {"pseudonymous", "personal", "special"}

# METADATA
# title: Identifies people
# description: Whether the requests themselves tell who somebody is.
identifies_people if input.new.spec.privacy.data in {"personal", "special"}

# METADATA
# title: Is special
# description: Whether the requests hold special categories of personal data (Art. 9 GDPR).
is_special if input.new.spec.privacy.data == "special"

# METADATA
# title: Decides alone
# description: Whether the answer decides about a person without a human (Art. 22 GDPR).
decides_alone if input.new.spec.privacy.automatedDecision == true

# METADATA
# title: Is regulated
# description: >-
#   Whether a regulator watches over decisions about the cluster's segment, or did until the change
#   at hand: no change takes away what it is judged by.
is_regulated if input.new.spec.segment.regulated == true

is_regulated if input.old.spec.segment.regulated == true
