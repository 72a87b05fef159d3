"""The API, the page and the widget over HTTP: sentences over the library, like the command line.

Its law: the event loop never blocks, a stranger's bytes never reach this process undecoded, and every error is one
clear line in a problem document. FastAPI, uvicorn and pydantic come with `lookalike[serve]` and stay in here.
"""
