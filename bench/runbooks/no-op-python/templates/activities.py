from ntro.workflow import activity


@activity.defn(name="no_op_python.first")
async def first(given: dict[str, str]) -> dict[str, str]:
    return {}


@activity.defn(name="no_op_python.second")
async def second(given: dict[str, str]) -> dict[str, str]:
    return {}


@activity.defn(name="no_op_python.third")
async def third(given: dict[str, str]) -> dict[str, str]:
    return {}
