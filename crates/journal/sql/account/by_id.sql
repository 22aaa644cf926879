SELECT id, email, name, role FROM users WHERE id = $1
