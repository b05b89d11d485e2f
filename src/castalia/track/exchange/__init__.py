"""Exchange: runs carried out of a tracker and into one: archives, tables, MLflow's files and servers, TensorBoard."""
