"""A day and more than a day: what trading brought, cost and risked, as figures, as a page, as tax lots."""
