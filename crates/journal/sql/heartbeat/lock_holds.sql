UPDATE hold SET version = version WHERE state IN ('held', 'paying')
