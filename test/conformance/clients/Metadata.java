import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Prints what JDBC's DatabaseMetaData says, which is what database browsers show: java Metadata.java URL USER PASSWORD */
public class Metadata {
  public static void main(String[] args) throws SQLException {
    try (Connection connection = DriverManager.getConnection(args[0], args[1], args[2])) {
      DatabaseMetaData metadata = connection.getMetaData();
      print("catalogs", metadata.getCatalogs());
      print("schemas", metadata.getSchemas());
      print("types", metadata.getTypeInfo());
      print("tables", metadata.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}));
      print("columns", metadata.getColumns(null, "public", "%", "%"));
      print("functions", metadata.getFunctions(null, "public", "%"));
      print("procedures", metadata.getProcedures(null, "public", "%"));
      print("sequences", metadata.getTables(null, "public", "%", new String[] {"SEQUENCE"}));
      for (String table : new String[] {"customers", "orders", "order_items"}) {
        print("primary " + table, metadata.getPrimaryKeys(null, "public", table));
        print("imported " + table, metadata.getImportedKeys(null, "public", table));
        print("exported " + table, metadata.getExportedKeys(null, "public", table));
        print("indexes " + table, metadata.getIndexInfo(null, "public", table, false, true));
        print("privileges " + table, metadata.getTablePrivileges(null, "public", table));
        print("best " + table, metadata.getBestRowIdentifier(null, "public", table, DatabaseMetaData.bestRowSession, true));
      }
      connection.setAutoCommit(false);
      try (PreparedStatement statement = connection.prepareStatement("SELECT id, status FROM orders WHERE id < ? ORDER BY id")) {
        statement.setFetchSize(7);
        // The driver prepares on the server from the fifth time on, and then asks for binary results.
        for (int time = 0; time < 7; time++) {
          statement.setInt(1, 30 + time);
          print("orders " + time, statement.executeQuery());
        }
      }
      for (String sql : new String[] {"SELECT nothing FROM orders", "SELECT * FROM nowhere", "SELEC 1"}) {
        try {
          connection.createStatement().executeQuery(sql);
        } catch (SQLException error) {
          System.out.println(sql + ": " + error.getSQLState());
        }
        connection.rollback();
      }
    }
  }

  private static void print(String what, ResultSet rows) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      StringBuilder line = new StringBuilder(what);
      for (int column = 1; column <= columns; column++) line.append('|').append(rows.getString(column));
      System.out.println(line);
    }
  }
}
