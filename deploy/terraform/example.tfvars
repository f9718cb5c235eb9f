# cp example.tfvars terraform.tfvars, and say which project.
project_id = "my-project"

# All that follows is the default.
# name     = "seine"
# region   = "us-east1"
# zone     = "us-east1-b"
# egress   = "node_ip"
# nodes    = { min = 1, max = 8 }
# database = { tier = "db-g1-small" }

# budget = { billing_account = "012345-6789AB-CDEF01", amount = 200 }
