"""The variables that MLflow's client reads, here and in the pods that fetch or load a model.

https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/
"""

URI_VARIABLE = "MLFLOW_TRACKING_URI"
TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"  # noqa: S105
USER_VARIABLE = "MLFLOW_TRACKING_USERNAME"
PASSWORD_VARIABLE = "MLFLOW_TRACKING_PASSWORD"  # noqa: S105
