// Is it worth sending? The server decides all the same.

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** The first fault of what was typed, as its field and a catalogue key; null when there is none. */
export function faultOf({ email, password, isNew }) {
  if (!email) return { field: "email", key: "fault.email_missing" };
  if (!EMAIL.test(email)) return { field: "email", key: "error.invalid_email" };
  if (!password) return { field: "password", key: "fault.password_missing" };
  if (isNew && password.length < 8) return { field: "password", key: "error.weak_password" };
  return null;
}
