"""A child's limits and grants (contract, "/parental-controls")."""

from ninja import Router

router = Router()
