SELECT source, body, why, at FROM parked ORDER BY id DESC LIMIT $1
