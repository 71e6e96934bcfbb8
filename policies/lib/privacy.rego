# METADATA
# title: Privacy
# description: What the requests of the evaluated cluster contain about people, by spec.privacy.data.
package lockstep.lib.privacy

# METADATA
# title: Is about people
# description: >-
#   Whether the requests contain personal data as the GDPR defines it. Pseudonymous data are personal
#   data too (Recital 26 GDPR).
is_about_people if input.new.spec.privacy.data in {"pseudonymous", "personal", "special"}

# METADATA
# title: Identifies people
# description: Whether the requests themselves identify a person.
identifies_people if input.new.spec.privacy.data in {"personal", "special"}

# METADATA
# title: Is special
# description: Whether the requests contain special categories of personal data (Art. 9 GDPR).
is_special if input.new.spec.privacy.data == "special"

# METADATA
# title: Decides alone
# description: Whether the answer decides about a person without a human (Art. 22 GDPR).
decides_alone if input.new.spec.privacy.automatedDecision == true

# METADATA
# title: Is regulated
# description: >-
#   Whether the cluster's segment is regulated, or was before the change. The past counts so that a
#   change cannot lift the rules that it is checked by.
is_regulated if input.new.spec.segment.regulated == true

is_regulated if input.old.spec.segment.regulated == true
