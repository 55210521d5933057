"""What goes wrong when the program is asked for something it cannot honestly do."""


class InputError(ValueError):
    """A request that breaks a rule; the message names the field, the rule and the value in one line."""


class NoClosedForm(InputError):
    """A card was asked for an exact result that it does not have; an estimator has to take over."""
