# A shop, served: `lookalike serve` with the default models inside, for nobody in particular and without root.
# docs/serving.md says how to run it. Any command of lookalike can be given in the place of `serve`.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/lookalike
ENV PATH=/opt/lookalike/bin:$PATH
COPY constraints-serve.txt ./
RUN python -m pip install --require-hashes --only-binary :all: -r constraints-serve.txt
COPY LICENSE README.md pyproject.toml ./
COPY src src
RUN python -m pip install --no-deps --no-build-isolation . \
    && python -m pip uninstall --yes editables hatchling pip

FROM python:${PYTHON}-slim
RUN groupadd --gid 10001 lookalike \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin lookalike \
    && install --directory --owner 10001 --group 10001 /shop /keys
COPY --from=build /opt/lookalike /opt/lookalike
ENV PATH=/opt/lookalike/bin:$PATH \
    LOOKALIKE_CACHE=/shop/.cache \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /shop
VOLUME ["/shop", "/keys"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["lookalike"]
CMD ["serve", "--host", "0.0.0.0", "--store", "/shop/store", "--keys", "/keys/keys.toml"]
