"""Names of much-used projects, to tell a slip of the keys from a name that is only unknown. Data, written by hand.

Names are proposed from here alone, never from what an index says: what is close to a misspelt name on an index may well
have been put there for those who misspell it.
"""

from __future__ import annotations

_KNOWN = """
requests numpy pandas boto3 botocore urllib3 setuptools typing-extensions certifi charset-normalizer idna six
python-dateutil packaging pyyaml cryptography cffi pip wheel click jinja2 markupsafe attrs pytz rsa colorama
jmespath s3transfer pydantic pydantic-core protobuf pyasn1 pyasn1-modules cachetools google-auth pyjwt
requests-oauthlib oauthlib tqdm pillow scipy matplotlib scikit-learn scikit-image fsspec aiohttp yarl multidict
frozenlist aiosignal async-timeout pytest pluggy iniconfig tomli tomlkit sqlalchemy greenlet flask werkzeug
itsdangerous django djangorestframework fastapi starlette uvicorn gunicorn httpx httpcore h11 h2 anyio sniffio
grpcio grpcio-tools googleapis-common-protos google-api-core google-cloud-storage google-cloud-bigquery
google-cloud-core google-api-python-client zipp importlib-metadata importlib-resources platformdirs filelock
virtualenv distlib tox nox docutils sphinx pygments rich markdown markdown-it-py mdurl beautifulsoup4 soupsieve
lxml html5lib psutil decorator ipython ipykernel ipywidgets jupyter jupyterlab notebook nbconvert nbformat
jupyter-client jupyter-core traitlets prompt-toolkit wcwidth pexpect ptyprocess jedi parso black isort flake8
pycodestyle pyflakes pylint astroid mypy mypy-extensions ruff bandit coverage pytest-cov pytest-xdist
pytest-mock pytest-asyncio pytest-timeout hypothesis mock responses freezegun faker factory-boy tenacity
retrying backoff redis celery kombu billiard vine amqp pika kafka-python confluent-kafka pymongo motor psycopg2
psycopg2-binary psycopg asyncpg mysqlclient pymysql mysql-connector-python pyodbc cx-oracle oracledb
sqlalchemy-utils alembic mako peewee tortoise-orm sqlmodel marshmallow jsonschema jsonschema-specifications
referencing rpds-py orjson ujson simplejson toml python-dotenv pydantic-settings dynaconf environs click-plugins
typer docopt fire tabulate prettytable termcolor colorlog loguru structlog sentry-sdk opentelemetry-api
opentelemetry-sdk prometheus-client statsd paramiko fabric invoke bcrypt pynacl passlib argon2-cffi python-jose
pyopenssl pycryptodome pycryptodomex ecdsa asn1crypto boto3-stubs awscli aws-cdk-lib moto s3fs gcsfs adlfs
azure-core azure-identity azure-storage-blob msal docker kubernetes ansible ansible-core openshift pulumi
netaddr dnspython scapy pyserial pyusb pymodbus selenium playwright scrapy parsel cssselect feedparser
newspaper3k mechanize websockets websocket-client python-socketio python-engineio flask-cors flask-sqlalchemy
flask-login flask-wtf flask-migrate flask-restful wtforms django-filter django-cors-headers django-environ
django-extensions django-debug-toolbar django-redis django-allauth django-storages whitenoise channels daphne
graphene strawberry-graphql graphql-core gql tornado sanic bottle falcon pyramid cherrypy quart hypercorn uvloop
httptools watchfiles watchdog tensorflow keras tensorboard torch torchvision torchaudio pytorch-lightning
transformers tokenizers datasets huggingface-hub accelerate sentencepiece safetensors diffusers peft openai
anthropic langchain langchain-core tiktoken xgboost lightgbm catboost statsmodels seaborn plotly dash bokeh
altair streamlit gradio networkx sympy mpmath numba llvmlite cython pybind11 joblib threadpoolctl dask
distributed polars pyarrow fastparquet h5py tables zarr xarray openpyxl xlsxwriter xlrd xlwt python-docx
python-pptx pypdf pypdf2 pdfminer-six pymupdf reportlab weasyprint opencv-python opencv-python-headless
opencv-contrib-python imageio tifffile moviepy pydub librosa soundfile nltk spacy gensim textblob wordcloud
rapidfuzz fuzzywuzzy python-levenshtein levenshtein regex unidecode python-slugify chardet cchardet ftfy babel
pytz-deprecation-shim tzdata tzlocal pendulum arrow dateparser humanize more-itertools toolz cytoolz
sortedcontainers bidict frozendict dacite cattrs wrapt deprecated pyparsing lark ply parsimonious gitpython
gitdb smmap pygithub python-gitlab jira slack-sdk discord-py python-telegram-bot tweepy praw stripe twilio
sendgrid pyinstaller cx-freeze nuitka poetry poetry-core pdm hatch hatchling flit flit-core setuptools-scm build
twine pip-tools pipenv pipx uv pip-audit keyring secretstorage jeepney readme-renderer cibuildwheel maturin
meson-python scikit-build-core ninja cmake pywin32 pypiwin32 comtypes pyside6 pyqt5 pyqt6 wxpython kivy pygame
pyglet pyautogui pynput pyperclip shapely fiona geopandas pyproj rasterio folium cartopy geopy astropy biopython
rdkit apache-airflow prefect dagster luigi mlflow wandb optuna ray gym gymnasium stable-baselines3 jax jaxlib
flax pyspark delta-spark great-expectations dbt-core snowflake-connector-python elasticsearch opensearch-py
pyzmq msgpack cbor2 blinker zope-interface gevent eventlet twisted trio zstandard lz4 brotli python-magic
python-multipart email-validator phonenumbers pyotp qrcode markdown2 mistune mkdocs mkdocs-material python-ldap
ldap3 pysocks requests-toolbelt requests-mock httplib2 uritemplate aiofiles aiosqlite aioredis
"""
KNOWN: tuple[str, ...] = tuple(_KNOWN.split())
"""Canonical names; of several that are equally close, the earlier is proposed first."""

_BY_IMPORT = """
cv2=opencv-python yaml=pyyaml sklearn=scikit-learn skimage=scikit-image bs4=beautifulsoup4 pil=pillow
dotenv=python-dotenv jwt=pyjwt serial=pyserial dateutil=python-dateutil crypto=pycryptodome attr=attrs
git=gitpython magic=python-magic docx=python-docx pptx=python-pptx fitz=pymupdf mysqldb=mysqlclient
openssl=pyopenssl usb=pyusb zmq=pyzmq wx=wxpython win32api=pywin32 win32com=pywin32 ldap=python-ldap
jose=python-jose nacl=pynacl multipart=python-multipart slugify=python-slugify telegram=python-telegram-bot
discord=discord-py rest-framework=djangorestframework corsheaders=django-cors-headers environ=django-environ
pkg-resources=setuptools google-protobuf=protobuf googleapiclient=google-api-python-client
socketio=python-socketio engineio=python-engineio mpl-toolkits=matplotlib pylab=matplotlib ruamel=ruamel-yaml
github=pygithub gitlab=python-gitlab websocket=websocket-client cairo=pycairo gi=pygobject
"""
BY_IMPORT: dict[str, str] = dict(pair.split("=") for pair in _BY_IMPORT.split())
"""The project that a module comes with, where their names differ, by the module's name in canonical form."""
