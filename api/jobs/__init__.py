"""Long work: durable jobs, child processes, schedules."""
