"""Files: found in folders, written atomically, hashed. Does not import torch."""

from styler.files.atomic import atomic_file, remove_temporary_files
from styler.files.file_errors import check_regular, exists_error, write_error
from styler.files.folder_search import FolderSearch, PassedOver
from styler.files.hashes import read_sha256_list, sha256
from styler.files.locks import exclusive_lock

__all__ = [
    "FolderSearch",
    "PassedOver",
    "atomic_file",
    "check_regular",
    "exclusive_lock",
    "exists_error",
    "read_sha256_list",
    "remove_temporary_files",
    "sha256",
    "write_error",
]
