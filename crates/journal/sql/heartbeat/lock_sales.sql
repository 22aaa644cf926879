UPDATE sale SET row_version = row_version WHERE stage IN ('published', 'closed')
