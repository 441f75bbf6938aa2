# syntax=docker/dockerfile:1
ARG PYTHON=python:3.11-slim-bookworm

# Wheels of everything that is locked, each held against its hash; what is only for development is not installed below.
FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.lock ./
RUN python -m pip wheel --no-deps --require-hashes --requirement requirements.lock --wheel-dir /wheels
COPY pyproject.toml README.md ./
COPY measurement ./measurement
COPY optimizer ./optimizer
COPY bidding ./bidding
COPY api ./api
RUN python -m venv /opt/rmo \
    && /opt/rmo/bin/python -m pip install --no-index --find-links /wheels . \
    && /opt/rmo/bin/rmo --help > /dev/null

FROM ${PYTHON}
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp rmo \
    && install --directory --owner rmo --group rmo --mode 0700 /data /files /ledgers
COPY --from=build /opt/rmo /opt/rmo
# There is no compiler in here: pytensor is told so, and what libraries compile for themselves goes to /tmp.
ENV PATH=/opt/rmo/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTENSOR_FLAGS=cxx=,base_compiledir=/tmp/pytensor \
    NUMBA_CACHE_DIR=/tmp/numba \
    MPLCONFIGDIR=/tmp/matplotlib \
    RMO_DATA=/data \
    RMO_LOG_JSON=true
USER 10001
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["rmo"]
CMD ["serve"]
