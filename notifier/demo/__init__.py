"""A pretend school and its morning, so that everybody can see the service at work without a single real name or number.

`population` makes the school and its families, `absence` its register minute by minute, `families` what carers answer, and
`network` what goes wrong on the way. `stage` sets these up in a folder of their own, `morning` plays them against the real
service, `moments` puts what happened into words, `story` asks the data how it went, `screen` shows it, and `run` is the whole
from beginning to end. All of it is drawn from one seed: the same seed tells the same story.

A believable morning at Oakfield Primary, 420 pupils: at 09:21 the registers come in. Some forty children are away. More than
half of them have a reason in the register, illness before all; eighteen carry N. One class has handed in nothing until 09:41.
At 09:30 the texts leave. Within ten minutes a mother writes that both her children have a vomiting bug, another answers in
Polish, a third in Urdu; a stranger says that the number is wrong; one carer is sure that the child is in school, and is
right: the child is found in class at 09:52. "On our way" comes true at 09:48, and the family gets the all clear. One mother
texts STOP, one says only thanks, one does not know where her child is. A child with nothing but landlines on file, a family
that never answers and the afternoon's missing child are left for people to ring. A father whom a court keeps away and the
birth mother of a looked-after child hear nothing.
"""
