"""Account to notice: templates, composing, and what it needs of a mailbox."""
