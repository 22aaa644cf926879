SELECT id, email, name, role, password_hash FROM users WHERE email = $1
