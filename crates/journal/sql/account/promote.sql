UPDATE users SET password_hash = $1, role = $2 WHERE email = $3
