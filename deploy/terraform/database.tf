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
    # 25 connections are all that db-f1-micro has: two a worker and a few for
    # people, backups and the migration.
    precondition {
      condition     = var.database.tier != "db-f1-micro" || local.most_workers <= 10 || var.pooler
      error_message = "db-f1-micro has 25 connections and a worker takes two: for more than ten workers use the component pooler and set pooler = true, or take a larger database.tier."
    }
  }
  depends_on = [google_service_networking_connection.database]
}

resource "google_sql_database" "queue" {
  name     = "seine"
  instance = google_sql_database_instance.queue.name
}

# No password anywhere: the worker logs in as its service account.
resource "google_sql_user" "worker" {
  name     = trimsuffix(google_service_account.worker.email, ".gserviceaccount.com")
  instance = google_sql_database_instance.queue.name
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
}
