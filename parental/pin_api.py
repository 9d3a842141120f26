"""The PIN of an account (contract, "/parental-controls")."""

from ninja import Router

router = Router()
