INSERT INTO parked (source, body, why, at) VALUES ($1, $2, $3, $4)
