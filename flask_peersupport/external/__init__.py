"""Supporters from outside the hospital: no account, links that they renew with a code."""
