"""Finding the right supporter: hard criteria, soft ranking, an explanation as data."""
