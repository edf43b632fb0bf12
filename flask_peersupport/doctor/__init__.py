"""What an installation lacks, in sentences that say what to do. Reads only, and never raises."""

from .examination import examine
from .findings import Finding, Level, has_faults

__all__ = ["Finding", "Level", "examine", "has_faults"]
