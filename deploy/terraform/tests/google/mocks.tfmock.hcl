# What the cloud would answer, in the shapes that the real provider checks.
mock_resource "google_compute_network" {
  defaults = { id = "projects/example-project/global/networks/seine-vpc" }
}
mock_resource "google_service_account" {
  defaults = {
    email  = "seine-worker@example-project.iam.gserviceaccount.com"
    name   = "projects/example-project/serviceAccounts/seine-worker@example-project.iam.gserviceaccount.com"
    member = "serviceAccount:seine-worker@example-project.iam.gserviceaccount.com"
  }
}
mock_resource "google_sql_database_instance" {
  defaults = {
    connection_name               = "example-project:us-east1:seine-pg"
    service_account_email_address = "p123-abc@gcp-sa-cloud-sql.iam.gserviceaccount.com"
  }
}
mock_resource "google_storage_bucket" {
  defaults = { url = "gs://example-project-seine-assets" }
}
mock_data "google_project" {
  defaults = { number = "123456789012" }
}
