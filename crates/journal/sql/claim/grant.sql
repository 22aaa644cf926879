UPDATE claim SET epoch = $1, grant_kind = $2, grant_first = $3 WHERE id = $4
