"""History and weekly report (contract, "/parental-controls")."""

from ninja import Router

router = Router()
