"""The other doors: complaints officers, concern, self-referral, and what is held about me."""
