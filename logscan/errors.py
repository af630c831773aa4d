"""What can go wrong, as types: the text is a sentence with the remedy, and only `cli.main` catches them."""


class LogscanError(Exception):
    """The root: whatever logscan raises on purpose."""


class SourceError(LogscanError):
    """A file or folder cannot be read, or is nothing that logscan knows."""


class PartialResultError(SourceError):
    """A reply of the service is not the whole answer."""


class SettingsError(LogscanError):
    """`logscan.toml` says something that cannot be followed."""


class SelectionError(LogscanError):
    """An option asks for something that the data do not hold, or that contradicts another option."""


class OutputError(LogscanError):
    """The result cannot be written where it was asked for."""
