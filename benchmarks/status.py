def rows() -> list[tuple[str, float, float, str]]:
    return []
