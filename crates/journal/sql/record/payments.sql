SELECT claim_id, attempt, amount_minor, currency, state FROM payment ORDER BY claim_id, attempt
