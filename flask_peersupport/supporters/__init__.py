"""The supporters: their record, states, import and pages."""
