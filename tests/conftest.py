"""Read before any test: one thread for linear algebra, since small matrices on few cores only get slower with more."""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
