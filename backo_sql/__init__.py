"""backo_sql: from descriptions of your data to a running SQL backend.

Write down what your things are (`Item`) and how they relate (`Ref`, `RefsList`); have tables with real foreign keys
and a REST backend on Flask.
"""

from .errors import (
    BackoError,
    BusyError,
    ConflictError,
    ConstraintError,
    DBError,
    DescriptionError,
    InterruptedWriteError,
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
from .extension import BackoSQL, current_engine
from .http.blueprint import build_routes
from .items.complex import Complex
from .items.containers import Dict
from .items.free import FreeDict
from .items.item import Item, StatusType
from .items.permissions import CurrentUser as Permissions
from .items.sequences import List, RefsList
from .items.stamps import GenericMetaDataHandler, StandardMetaDataHandler
from .model.collection import Collection
from .model.ports import install
from .model.registry import Backoffice
from .model.selection import Selection
from .rights.user import CurrentUser, CurrentUserWrapper, current_user, who
from .rights.user import current as user_of_this_context
from .service.service import Service
from .storage.sql.columns import register_column_type
from .storage.sql.connector import DBSQLConnector
from .types.binary import Bytes
from .types.boolean import Bool
from .types.calendar import Date, Time
from .types.compound import In, Tuple
from .types.exact import Decimal
from .types.extend import Extend
from .types.instant import Datetime
from .types.kinds import Kind
from .types.network import Email, IpAddress, Ipaddress, IpNetwork, Ipnetwork, Url
from .types.number import Float, Int
from .types.reference import DeleteStrategy, FillStrategy, Ref
from .types.registry import register_type
from .types.text import String
from .validation.schema import make_schema

#: another name of `current_user`
current = current_user

for _type in (
    *(String, Int, Float, Decimal, Bool, Bytes, Datetime, Date, Time),
    *(List, Tuple, Dict, In, FreeDict, Complex),
    *(IpAddress, IpNetwork, Url, Email, Extend, Ref, RefsList),
):
    register_type(_type)
register_type(IpAddress, "Ipaddress")
register_type(IpNetwork, "Ipnetwork")

install(Service, build_routes, make_schema)
StandardMetaDataHandler.current = staticmethod(who)
Permissions.get = staticmethod(user_of_this_context)
DBSQLConnector.find_engine = staticmethod(current_engine)

__version__ = "0.1.0"

__all__ = [
    "BackoError",
    "BackoSQL",
    "Backoffice",
    "Bool",
    "BusyError",
    "Bytes",
    "Collection",
    "Complex",
    "ConflictError",
    "ConstraintError",
    "CurrentUser",
    "CurrentUserWrapper",
    "DBError",
    "DBSQLConnector",
    "Date",
    "Datetime",
    "Decimal",
    "DeleteStrategy",
    "DescriptionError",
    "Dict",
    "Email",
    "Extend",
    "FillStrategy",
    "Float",
    "FreeDict",
    "GenericMetaDataHandler",
    "In",
    "Int",
    "InterruptedWriteError",
    "IpAddress",
    "IpNetwork",
    "Ipaddress",
    "Ipnetwork",
    "Item",
    "Kind",
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
    "Selection",
    "SessionError",
    "StandardMetaDataHandler",
    "StatusType",
    "String",
    "Time",
    "Tuple",
    "TypeMismatchError",
    "Url",
    "ValidationError",
    "current",
    "current_user",
    "register_column_type",
]
