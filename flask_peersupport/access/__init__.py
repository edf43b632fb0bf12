"""Who may see and do what: users, roles, departments, policy."""
