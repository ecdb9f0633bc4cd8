"""`notifier templates`: what messages there are, how they read in every language, what they cost, and what is wrong with them.

One module for each kind of question; `shared` holds the group they all belong to. Approving needs the database and stands in
`notifier.cli.approvals`.
"""

from notifier.cli.templates import costing, keeping, listing, looking, printing
from notifier.cli.templates.shared import app

__all__ = ["app", "costing", "keeping", "listing", "looking", "printing"]
