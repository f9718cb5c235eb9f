resource "google_sql_database_instance" "queue" {
  name                = "${var.name}-pg"
  region              = var.region
  database_version    = "POSTGRES_17"
  deletion_protection = var.deletion_protection

  settings {
    edition                     = var.database.edition # unset, PostgreSQL 17 takes ENTERPRISE_PLUS, which refuses small tiers
    tier                        = var.database.tier
    availability_type           = var.database.high_availability ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.database.disk_gb
    disk_autoresize             = true
    deletion_protection_enabled = var.deletion_protection

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.vpc.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }
    backup_configuration {
      enabled                        = true
      start_time                     = "04:00"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.database.log_days
      backup_retention_settings {
        retained_backups = var.database.backups
      }
    }
    maintenance_window {
      day  = 7
      hour = 5
    }
    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }
    # A forgotten session would keep dead rows of the queue where they are.
    database_flags {
      name  = "idle_in_transaction_session_timeout"
      value = "60000"
    }
    insights_config {
      query_insights_enabled = true
    }
    location_preference {
      zone = var.zone
    }
  }

  lifecycle {
    precondition {
      condition     = var.pooler || local.most_workers <= local.workers_that_fit
      error_message = "${var.database.tier} has ${local.connections} connections. ${local.reserved_connections} are reserved and each worker takes two, so it has room for ${local.workers_that_fit} workers and one more during an update. nodes.max, spot_max and sandbox_max allow ${local.most_workers}: use the component pooler and set pooler = true, or take a larger database.tier."
    }
  }
  depends_on = [google_service_networking_connection.database]
}

# The connections of a tier: Cloud SQL's default of max_connections, which depends
# on the memory (cloud.google.com/sql/docs/postgres/flags).
locals {
  tier_numbers = [for n in regexall("[0-9]+", var.database.tier) : tonumber(n)]
  database_gb = (
    var.database.tier == "db-f1-micro" ? 0.6 : var.database.tier == "db-g1-small" ? 1.7
    : startswith(var.database.tier, "db-custom-") ? local.tier_numbers[1] / 1024
  : try(local.tier_numbers[0], 0) * 8) # db-perf-optimized-N-CPUS: 8 GB a CPU
  # Cloud SQL keeps three connections for its superuser
  # (superuser_reserved_connections) and its own agents hold about three (an
  # estimate). Five are for the migration, KEDA (three) and people.
  reserved_connections = 3 + 3 + 5
  # An update starts one worker more than there are (maxSurge).
  workers_that_fit = floor((local.connections - local.reserved_connections) / 2) - 1
  connections = [for step in [
    [120, 1000], [60, 800], [30, 600], [15, 500], [7.5, 400], [6, 200], [3.75, 100], [1.7, 50], [0, 25],
  ] : step[1] if local.database_gb >= step[0]][0]
}

resource "google_sql_database" "queue" {
  name     = "seine"
  instance = google_sql_database_instance.queue.name
}

# No password anywhere: the worker logs in as its service account. It owns the
# schema, and PostgreSQL drops no role that owns something: it goes with the instance.
resource "google_sql_user" "worker" {
  name            = trimsuffix(google_service_account.worker.email, ".gserviceaccount.com")
  instance        = google_sql_database_instance.queue.name
  type            = "CLOUD_IAM_SERVICE_ACCOUNT"
  deletion_policy = "ABANDON"
}
