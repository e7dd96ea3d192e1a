"""Records of how pictures were made, changed."""

import copy


def changed(record: dict, path: str, value: object) -> dict:
    """Return a record with another value at a path such as settings.alpha; without it if the value is ..."""
    record = copy.deepcopy(record)
    *parents, last = path.split(".")
    place = record
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    last = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return record
