"""Accounts, children with their limits, logins, PINs and grants for staff.

The tables are big: no counts, no sorting, indexed searches.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from parental.accounts.admin_forms import AccountChangeForm, AccountCreationForm, AccountPasswordForm, AdminLogInForm
from parental.accounts.by_address import ByAddressAdmin
from parental.children import limits, profiles
from parental.deliver import admin as _deliver_admin  # noqa: F401 — registers the webhooks
from parental.events import admin as _events_admin  # noqa: F401 — registers the audit
from parental.events.record import for_staff
from parental.models import AuditEntry, Pin, PinGuard, TokenFamily, User
from parental.pins import guards
from parental.tokens import admin as _tokens_admin  # noqa: F401 — registers the tokens
from parental.tokens import families
from viewing.admin_base import BigTableAdmin, DefaultDenyAdmin
from viewing.hotpath import invalidation
from viewing.models import Profile, ViewingTimeConfig

admin.site.login_form = AdminLogInForm

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[Any]
    _StackedInline = admin.StackedInline[ViewingTimeConfig, Profile]
else:
    _UserAdmin, _StackedInline = UserAdmin, admin.StackedInline


PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")


def _audit(request: HttpRequest, family_id: UUID, profile_id: UUID | None, model: str, fields: Sequence[str]) -> None:
    """What staff changed of a family, in the family's audit."""
    AuditEntry.objects.create(
        family_id=family_id,
        profile_id=profile_id,
        actor_user_id=request.user.pk,
        actor_kind="staff",
        kind="staff_action",
        data={"model": model, "fields": list(fields)},
    )


@admin.register(User)
class AccountAdmin(ByAddressAdmin, _UserAdmin):
    """Accounts are deactivated rather than deleted: a deletion would read all that their children ever watched.

    Accounts of staff, and what makes an account one of staff, are for superusers only: anyone else who may change
    accounts could make themselves a superuser.
    """

    permits = ("add", "change")
    form = AccountChangeForm
    add_form = AccountCreationForm
    change_password_form = AccountPasswordForm
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("email", "password")}),
        (_("Permissions"), {"fields": ("is_active", *PRIVILEGES)}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets: Any = (
        (None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("last_login", "date_joined")
    list_display = ("email", "is_active", "is_staff", "date_joined")
    list_filter = ()
    search_fields = ("email__startswith",)
    ordering = ("-pk",)

    def is_permitted(self, request: HttpRequest, action: str, obj: User | None = None) -> bool:
        is_of_staff = obj is not None and (obj.is_staff or obj.is_superuser)
        is_closed = is_of_staff and action != "view" and not request.user.is_superuser
        return not is_closed and super().is_permitted(request, action, obj)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Without the password's row, which shows parts of its hash, unless they may set another."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ("email",)}), *self.fieldsets[1:]]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, *PRIVILEGES)

    def log_change(self, request: HttpRequest, obj: User, message: object) -> LogEntry:
        fields = getattr(request, "staff_changed", [])
        # A changed password is an event of its own.
        if set(fields) - {"password"}:
            _audit(request, obj.pk, None, self.opts.label_lower, fields)
        return super().log_change(request, obj, message)

    def save_model(self, request: HttpRequest, obj: User, form: BaseForm, change: bool) -> None:
        """Save what was changed, effective immediately in this process (in the others within 60 s)."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in User._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data))
        families.invalidate_account(obj)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DefaultDenyAdmin, DjangoGroupAdmin):
    """For superusers only: a group is a set of permissions."""

    permits = ("add", "change", "delete")

    def is_permitted(self, request: HttpRequest, action: str, obj: object = None) -> bool:
        return request.user.is_superuser and super().is_permitted(request, action, obj)


@admin.register(TokenFamily)
class TokenFamilyAdmin(ByAddressAdmin):
    permits = ("change",)
    list_display = ("id", "user", "created_at", "ended_at")
    list_select_related = ("user",)
    search_fields = ("user__email__startswith",)
    fields = readonly_fields = ("id", "user", "created_at", "ended_at")
    actions = ("end_logins",)

    @admin.action(description=_("End the selected logins"), permissions=["change"])
    def end_logins(self, request: HttpRequest, queryset: QuerySet[TokenFamily]) -> None:
        now: datetime = timezone.now()
        ended = families.end(queryset, actor=for_staff(request.user), now=now)
        sentence = ngettext("Ended %(count)s login.", "Ended %(count)s logins.", ended)
        self.message_user(request, sentence % {"count": ended})


@admin.register(Pin)
class PinAdmin(ByAddressAdmin):
    """Whether an account has a PIN, since when, and until when it is locked; never what it is."""

    list_display = ("user", "changed_at", "locked_until")
    list_select_related = ("user",)
    search_fields = ("user__email__startswith",)
    fields = readonly_fields = ("user", "changed_at", "locked_until")
    actions = ("lift_lockouts",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        guard = PinGuard.objects.filter(user=OuterRef("pk"), player_token__isnull=True)
        pins = super().get_queryset(request)
        guarded: QuerySet[Any] = pins.annotate(guarded_until=Subquery(guard.values("locked_until")))
        return guarded

    @admin.display(description=_("locked until"))
    def locked_until(self, pin: Any) -> datetime | None:
        """For the account's parents; in the year 9999: until a reset."""
        is_locked = pin.guarded_until is not None and pin.guarded_until > timezone.now()
        return pin.guarded_until if is_locked else None

    @admin.action(description=_("Lift all PIN lockouts of the selected accounts"), permissions=["lift"])
    def lift_lockouts(self, request: HttpRequest, queryset: QuerySet[Pin]) -> None:
        """For the parents and every device."""
        lifted = guards.lift(queryset, actor=for_staff(request.user), now=timezone.now())
        sentence = ngettext("Lifted lockouts for %(count)s caller.", "Lifted lockouts for %(count)s callers.", lifted)
        self.message_user(request, sentence % {"count": lifted})

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("parental.change_pin")


class ConfigInline(_StackedInline):
    model = ViewingTimeConfig
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        """Staff cannot move a reset: a parent's change holds the running day and is audited; a form does neither."""
        return ("timezone", "reset_hour") if obj is not None else ()


@admin.register(Profile)
class ProfileAdmin(BigTableAdmin):
    permits = ("add", "change", "delete")
    allowed_lookups = ("is_kids__exact",)
    list_display = ("name", "user", "is_kids", "created_at")
    list_select_related = ("user",)
    list_filter = ("is_kids",)
    raw_id_fields = ("user",)
    search_fields = ("=id", "=user__id")
    search_help_text = _("Full profile or account ID")
    inlines = (ConfigInline,)
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def get_readonly_fields(self, request: HttpRequest, obj: Profile | None = None) -> tuple[str, ...]:
        """A profile stays with its account, whose PIN, devices and audit it has."""
        return ("user",) if obj is not None else ()

    def log_change(self, request: HttpRequest, obj: Profile, message: object) -> LogEntry:
        # Changed limits are in the audit already, each with its values.
        fields = set(getattr(request, "staff_changed", [])) & {"name", "is_kids", "avatar_url"}
        if fields:
            _audit(request, obj.user_id, obj.pk, self.opts.label_lower, sorted(fields))
        return super().log_change(request, obj, message)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its name alone: to list all that goes with it would read years of sessions."""
        names = [str(profile) for profile in objs]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Profile) -> None:
        """As when a parent removes it: with all that it watched, its settings, grants and devices."""
        profiles.remove(obj.pk, actor=for_staff(request.user), now=timezone.now())

    def save_model(self, request: HttpRequest, obj: Profile, form: BaseForm, change: bool) -> None:
        """Only what was changed: a parent may rename the child in the meantime."""
        obj.save(update_fields=form.changed_data if change else None)
        if not change:
            profiles.report(obj, "profile.created", actor=for_staff(request.user), now=timezone.now())

    def save_formset(self, request: HttpRequest, form: BaseForm, formset: Any, change: bool) -> None:
        """Only what was changed, so that a parent's edit of something else stays; audited as a parent's change is."""
        if not change:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        for config in formset.new_objects:
            config.save(force_insert=True)
        for config, names in formset.changed_objects:
            settings = {name: getattr(config, name) for name in names}
            limits.correct(config.pk, user_id=cast("User", request.user).pk, settings=settings, now=timezone.now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        invalidation.profile_changed(form.instance.pk)
