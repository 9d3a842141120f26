"""What the player's scripts say: here, so that it is translated like the pages. In braces stands what they fill in."""

from django.utils.translation import gettext as _


def texts() -> dict[str, str | list[str]]:
    """Sentences by name, and things to do without a screen: `ideas`, and `calmIdeas` for bedtime."""
    return {**_general(), **_asking(), **_trouble(), **_parents(), "ideas": _ideas(), "calmIdeas": _calm_ideas()}


def _general() -> dict[str, str]:
    return {
        "pageTitle": _("{screen} · Sandglass"),
        "fullHours": _("{hours} h"),
        "hours": _("{hours} h {minutes} min"),
        "minutes": _("{minutes} min"),
        "clock": _("{clock} min"),
        "noLimit": _("No limit today"),
        "soonOver": _("almost over"),
        "none": _("used up"),
        "pause": _("Pause"),
        "resume": _("Play"),
        "starting": _("Here it comes…"),
        "waiting": _("The film is waiting"),
        "paused": _("Paused"),
        "fifteenLeft": _("Just so you know: about {minutes} min left today."),
        "fiveLeft": _("Almost over: about {minutes} min left today. Now is a good time to find a place to stop."),
        "fifteenToClose": _("Just so you know: it's over in about {minutes} min, however much time you have left."),
        "fiveToClose": _("Almost over: about {minutes} min to go. Now is a good time to find a place to stop."),
        "canFinish": _("You can watch this one to the end."),
        "finishing": _("Your time is up. You can watch this one to the end, then it's over."),
        "theEnd": _("The end! What would you like to watch next?"),
        "notNow": _("Not right now"),
        "tooLong": _("Longer than your time"),
        "limitHeading": _("That's it for today!"),
        "weekHeading": _("That's it for this week!"),
        "bedtimeHeading": _("Good night!"),
        "schoolHeading": _("It's time for school"),
        "closedHeading": _("Not now – a little later"),
        "lockedHeading": _("A parent stopped the screen"),
        "nextTime": _("You can watch again: {time}"),
        "tomorrow": _("tomorrow at {time}"),
        "onDay": _("{day} at {time}"),
        "moreTime": _("You have time again. Pick something!"),
        "granted": _("{minutes} more minutes. Have fun!"),
        "grantedButClosed": _("The time was added. You can use it when watching is allowed again."),
        "unlimited": _("No limit for the rest of today. Have fun!"),
    }


def _asking() -> dict[str, str]:
    return {
        "youAsked": _("You asked for {minutes} min. The answer will appear here."),
        "askAgain": _("You can ask again: {time}"),
        "askLater": _("You can't ask right now. Try again later."),
        "saidYes": _("A parent said yes: {minutes} more minutes!"),
        "saidUnlimited": _("A parent said yes: no limit for the rest of today!"),
        "saidNo": _("A parent said: not now."),
        "noAnswer": _("Nobody answered in time."),
        "withNote": _("{sentence} “{note}”"),
    }


def reasons() -> list[str]:
    """What a child may answer when asked why, without typing."""
    return [
        _("Finish this episode"),
        _("Watch with a friend"),
        _("It's the weekend"),
        _("I did my homework"),
        _("I'm ill"),
        _("Please"),
    ]


def _trouble() -> dict[str, str]:
    return {
        "offline": _("No connection. Trying again…"),
        "unavailable": _("Sandglass is taking a short break. Trying again…"),
        "offlineFilmWaits": _("No connection. The film waits, and so does your time. Trying again…"),
        "unavailableFilmWaits": _("Sandglass is taking a short break. The film waits, and so does your time."),
        "denied": _("A parent said no. Here is a new code."),
        "oneRevoked": _("One of you can't watch here anymore. A parent can connect you again."),
        "qr": _("QR code that opens {address} with the code {code}"),
        "badCode": _("That didn't work. Ask a parent for a new link."),
        "revoked": _("This screen is no longer connected. A parent can connect it again."),
        "taken_overHeading": _("Now playing on another screen"),
        "taken_overText": _(
            "Someone started a film with your time on another screen. Only one screen can play at a time."
        ),
        "session_endedHeading": _("The film was stopped"),
        "session_endedText": _("A parent or another screen may have stopped it. You can start it again."),
        "defectHeading": _("Something went wrong"),
        "defectText": _("It's not your fault. Try again, and if it keeps happening, tell a parent."),
        "titleGone": _("That film isn't available anymore. Pick another one!"),
    }


def _parents() -> dict[str, str]:
    return {
        "digits": _("{count} of 4 digits"),
        "wrongPin": _("Incorrect PIN."),
        "pinLocked": _("Too many incorrect PINs. The PIN works here again at {time}."),
        "pinLockedForGood": _("Too many incorrect PINs. A parent needs to unlock the PIN on the parents' page."),
        "noPinToDisconnect": _("No PIN is set. A parent can disconnect this screen on the parents' page."),
        "noPin": _("No PIN is set yet. A parent can set one, or give more time, on the parents' page."),
        "busy": _("Too busy right now. Try again in a moment."),
    }


def _ideas() -> list[str]:
    return [
        _("Build a den out of blankets and chairs"),
        _("Draw the film you just watched"),
        _("Fold a paper plane and see how far it flies"),
        _("Find five things outside that are older than you"),
        _("Make up a dance and teach it to someone"),
        _("Read to a cuddly toy"),
        _("Build the tallest tower you can"),
        _("Help someone cook"),
        _("Play hide and seek"),
        _("Write a secret letter and hide it"),
        _("Look for animals in the clouds"),
        _("Invent a board game"),
    ]


def _calm_ideas() -> list[str]:
    return [
        _("Look at a picture book"),
        _("Think of three nice things from today"),
        _("Tell a cuddly toy about your day"),
        _("Listen: what can you hear outside?"),
        _("Plan what you'll play tomorrow"),
        _("Ask someone to read you a story"),
    ]
