"""Every error that `measurement` raises on purpose.

MeasurementError
├── BadInput            the caller can mend it: the message names row, column or rule and the remedy
│   ├── PanelError      the panel's file or its map
│   ├── PriorsError     priors.toml
│   ├── ExperimentsError  experiments.csv
│   ├── ActualsError    weeks of a plan that are spent already
│   ├── GeoTestError    a geo test's geos, window or pairs
│   └── ModelFileError  a stored model that cannot be read
├── ModelRefused        the gate refuses the model for the use asked of it
└── SamplingStopped     a sampling process ended before its chains did
"""


class MeasurementError(Exception):
    """Base of all errors of this package."""


class BadInput(MeasurementError):
    """Something in the input is wrong; the message says what and how to mend it."""


class PanelError(BadInput):
    """The panel's file or its map cannot be used."""


class PriorsError(BadInput):
    """The priors file cannot be used."""


class ExperimentsError(BadInput):
    """The experiments file cannot be used."""


class ActualsError(BadInput):
    """The weeks that are said to be spent already do not fit the model or the plan."""


class GeoTestError(BadInput):
    """A geo test cannot be analysed as it is specified."""


class ModelFileError(BadInput):
    """A stored model cannot be read."""


class ModelRefused(MeasurementError):
    """The gate refuses the model for the use asked of it."""


class SamplingStopped(MeasurementError):
    """A process that samples ended before its chains did."""
