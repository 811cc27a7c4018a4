"""One shape for every error: `{"code", "detail"}`, and `parameter` where one is wrong."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.exceptions import PermissionDenied as Forbidden
from rest_framework.response import Response
from rest_framework.views import exception_handler

from shopreco.exceptions import InvalidQuery

logger = logging.getLogger(__name__)


class InvalidParameter(APIException):
    """400: a parameter that is not known, or a value that it cannot have."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, detail: str, code: str = "invalid_parameter", parameter: str = "") -> None:
        super().__init__(detail, code)
        self.parameter = parameter


class Unavailable(APIException):
    """503: the database does not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The service is not available at the moment.")
    default_code = "unavailable"


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler for these views, whatever the host has set for its own.

    None, for what is nobody's fault but ours, lets Django log it and answer 500.
    """
    match error:
        case InvalidQuery():
            error = InvalidParameter(str(error), error.code)
        case SuspiciousOperation():
            # Such as a form field of megabytes.
            error = InvalidParameter(str(error) or error.__class__.__name__, "invalid_request")
        case Http404():
            error = NotFound()
        case OperationalError() | InterfaceError():
            logger.error("the database does not answer", exc_info=error)
            error = Unavailable()
        case PermissionDenied():
            error = Forbidden()
        case _:
            pass
    response = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        response.data = {"code": error.get_codes(), "detail": str(error.detail)}
        if getattr(error, "parameter", ""):
            response.data["parameter"] = error.parameter  # type: ignore[attr-defined]  # stubs say Any or None
    return response
