"""logscan: was this Azure VPN tunnel drop maintenance, our own change, the other side, or a support case?"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from logscan.analysis import Analysis as Analysis
    from logscan.analysis import analyze as analyze
    from logscan.settings import Settings as Settings
    from logscan.sources.archive import read_archive as read_archive

_HOME = {
    "Analysis": "logscan.analysis",
    "analyze": "logscan.analysis",
    "Settings": "logscan.settings",
    "read_archive": "logscan.sources.archive",
}
__all__ = ["Analysis", "Settings", "__version__", "analyze", "read_archive"]


def __getattr__(name: str) -> object:
    """The public names, loaded when first used: `import logscan` stays as cheap as Python itself (PEP 562)."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
