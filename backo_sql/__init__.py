"""backo_sql: from descriptions of your data to a running SQL backend.

Write down what your things are (`Item`) and how they relate (`Ref`, `RefsList`); have tables with real foreign keys
and a REST backend on Flask.
"""

from .errors import (
    BackoError,
    ConflictError,
    ConstraintError,
    DBError,
    DescriptionError,
    NotEmptyError,
    NotFoundError,
    PathNotFoundError,
    QueryError,
    RightsError,
    SAttributeError,
    SConstraintError,
    SError,
    SessionError,
    SKeyError,
    SRightError,
    SSyntaxError,
    STypeError,
    TypeMismatchError,
    ValidationError,
)
from .http.blueprint import build_routes
from .items.containers import Dict, List, RefsList
from .items.item import Item, StatusType
from .items.stamps import GenericMetaDataHandler, StandardMetaDataHandler
from .model.collection import Collection
from .model.ports import install
from .model.registry import Backoffice
from .rights.user import CurrentUser, CurrentUserWrapper, current_user, who
from .service.service import Service
from .storage.sql.connector import DBSQLConnector
from .types.boolean import Bool
from .types.instant import Datetime
from .types.number import Float, Int
from .types.reference import DeleteStrategy, FillStrategy, Ref
from .types.text import String

#: another name of `current_user`
current = current_user

install(Service, build_routes)
StandardMetaDataHandler.current = staticmethod(who)

__version__ = "0.1.0"

__all__ = [
    "BackoError",
    "Backoffice",
    "Bool",
    "Collection",
    "ConflictError",
    "ConstraintError",
    "CurrentUser",
    "CurrentUserWrapper",
    "DBError",
    "DBSQLConnector",
    "Datetime",
    "DeleteStrategy",
    "DescriptionError",
    "Dict",
    "FillStrategy",
    "Float",
    "GenericMetaDataHandler",
    "Int",
    "Item",
    "List",
    "NotEmptyError",
    "NotFoundError",
    "PathNotFoundError",
    "QueryError",
    "Ref",
    "RefsList",
    "RightsError",
    "SAttributeError",
    "SConstraintError",
    "SError",
    "SKeyError",
    "SRightError",
    "SSyntaxError",
    "STypeError",
    "SessionError",
    "StandardMetaDataHandler",
    "StatusType",
    "String",
    "TypeMismatchError",
    "ValidationError",
    "current",
    "current_user",
]
