//! The claims queue in RabbitMQ.
